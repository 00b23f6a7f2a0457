# Opens a page that examples/lab/page wrote in headless Chromium and holds it to what such a page promises. Speaks the
# DevTools protocol over two pipes, with nothing but Python's own library.
#
#   browser_page.py CHROMIUM PAGE --title TITLE --figures KIND=COUNT... [--panel-figures KIND=COUNT... --panels ID...]
#                   [--pictures FOLDER] [--brief]
#
# KIND=COUNT: so many figures of that kind must be there; --figures outside of panels, --panel-figures in every panel.
# --panels: the panel that is shown at first, then others to go to. Prints what is wrong, a line each; status 1 if
# anything is. --brief: looks no further than the first view in which something is wrong.
import argparse
import base64
import json
import os
import re
import subprocess
import sys
import tempfile
import time

PATIENCE_S = 60

# The least letters of a picture, in CSS pixels: on a screen, and on paper, which shows finer.
LEAST_LETTERS, LEAST_PRINTED = 7.9, 7.0

# Sizes of view in CSS pixels: a desk, a phone, and the printed width of A4 at 96 per inch.
DESK, PHONE, PAPER = (1280, 900), (390, 844), (703, 1000)


class Browser:
    """One page of a headless Chromium; `events` holds what it reported and nobody took yet."""

    def __init__(self, program, profile):
        to_read, self.write_end = os.pipe()
        self.read_end, to_write = os.pipe()
        arguments = [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--remote-debugging-pipe", "--user-data-dir=" + profile, "--no-first-run", "--disable-sync",
                     "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
                     "--force-color-profile=srgb", "--host-resolver-rules=MAP * ~NOTFOUND", "about:blank"]
        # Chromium reads commands from 3 and answers on 4.
        self.process = subprocess.Popen(
            ["bash", "-c", 'exec "$@" 3<&%d 4>&%d' % (to_read, to_write), "bash", *arguments],
            pass_fds=(to_read, to_write), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.buffer, self.last, self.session, self.events = b"", 0, None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")

    def message(self):
        while b"\0" not in self.buffer:
            piece = os.read(self.read_end, 1 << 20)
            if not piece:
                raise SystemExit("the browser went away")
            self.buffer += piece
        line, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(line)

    def call(self, method, **parameters):
        self.last += 1
        command = {"id": self.last, "method": method, "params": parameters}
        if self.session:
            command["sessionId"] = self.session
        os.write(self.write_end, json.dumps(command).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.last:
                if "error" in answer:
                    raise SystemExit("%s: %s" % (method, answer["error"]["message"]))
                return answer["result"]
            self.events.append(answer)

    def open(self, url):
        self.events.clear()
        self.call("Page.navigate", url=url)
        until = time.monotonic() + PATIENCE_S
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            if time.monotonic() > until:
                raise SystemExit("the page does not load")
            self.events.append(self.message())

    def settle(self):
        """Two frames later everything is laid out and painted."""
        self.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")

    def value(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise SystemExit("the test's own script failed: %s" % json.dumps(answer["exceptionDetails"])[:400])
        return answer["result"].get("value")

    def view(self, size, scheme, media=""):
        self.call("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=1,
                  mobile=False)
        self.call("Emulation.setEmulatedMedia", media=media,
                  features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, path):
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 16000), "scale": 1}
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)["data"]
        with open(path, "wb") as out:
            out.write(base64.b64decode(data))

    def close(self):
        try:
            self.session = None
            self.call("Browser.close")
        except (SystemExit, OSError):
            pass
        try:
            self.process.wait(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()


# What the page looks like, as numbers and lists of what is wrong.
SURVEY = r"""
(() => {
  const wrong = [];
  const box = element => element.getBoundingClientRect();
  const channels = colour => (colour.match(/[\d.]+/g) || []).map(Number);
  const luminance = colour => {
    const [r, g, b] = channels(colour).map(c => c / 255).map(
        c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const seen = new Set();
  for (const element of document.querySelectorAll('[id]')) {
    if (seen.has(element.id)) wrong.push('id twice: ' + element.id);
    seen.add(element.id);
  }
  for (const link of document.querySelectorAll('a[href^="#"]')) {
    const target = link.getAttribute('href');
    if (!document.getElementById(target.slice(1))) wrong.push('link to nowhere: ' + target);
  }
  if (document.documentElement.scrollWidth > innerWidth + 1)
    wrong.push('the page is ' + document.documentElement.scrollWidth + ' wide in a view of ' + innerWidth);
  const paper = getComputedStyle(document.body).backgroundColor;
  const ground_of = element => {
    const own = getComputedStyle(element).backgroundColor;
    return channels(own)[3] !== 0 || element === document.body ? own : ground_of(element.parentElement);
  };
  for (const element of document.querySelectorAll('p, td, th, figcaption, caption, summary, a, h2, h3, dd')) {
    if (!element.checkVisibility() || !element.textContent.trim()) continue;
    const ratio = contrast(getComputedStyle(element).color, ground_of(element));
    if (ratio < 4.5) wrong.push('contrast ' + ratio.toFixed(2) + ': ' + element.textContent.slice(0, 40));
  }
  const kinds_of = figures => {
    const kinds = {};
    for (const figure of figures) {
      const kind = figure.id.replace(/^figure-\d+-/, '');
      kinds[kind] = (kinds[kind] || 0) + 1;
    }
    return kinds;
  };
  let smallest = 1e9;
  const figures = [...document.querySelectorAll('figure')];
  const panels = [...document.querySelectorAll('.panel')];
  for (const figure of figures) {
    if (!figure.checkVisibility()) {
      if (!figure.closest('.panel')) wrong.push('a hidden figure: ' + figure.id);
      continue;
    }
    const image = figure.querySelector('img'), svg = figure.querySelector('svg'), picture = image || svg;
    if (image && !(image.complete && image.naturalWidth)) wrong.push('a broken picture: ' + figure.id);
    if (!picture || box(picture).width < 100 || box(picture).height < 50) {
      wrong.push('no picture: ' + figure.id);
      continue;
    }
    if (!figure.querySelector('figcaption').textContent.trim()) wrong.push('no caption: ' + figure.id);
    if (image) {
      if (!image.alt.trim()) wrong.push('no text alternative: ' + figure.id);
      continue;
    }
    if (!svg.querySelector('title').textContent.trim()) wrong.push('no text alternative: ' + figure.id);
    const marks = svg.querySelectorAll('rect, path').length;
    if (marks < 4) wrong.push('an empty picture: ' + figure.id);
    const ground = getComputedStyle(svg.querySelector('rect')).fill;
    if (ground !== paper) wrong.push('a ground of another colour: ' + figure.id + ' ' + ground);
    const outer = box(svg);
    const texts = [...svg.querySelectorAll('text')].map(
        text => ({text: text.textContent, at: box(text), turned: text.hasAttribute('transform'), style: text}));
    const scale = outer.width / svg.viewBox.baseVal.width;
    const shapes = [...svg.querySelectorAll('rect, image')].map(shape => ({shape, at: box(shape)})).filter(({shape}) => {
      const style = getComputedStyle(shape);
      return shape.tagName === 'image' || style.fill.startsWith('rgb(') && style.opacity === '1' && style.fillOpacity === '1';
    });
    for (const {text, at, style} of texts) {
      smallest = Math.min(smallest, parseFloat(getComputedStyle(style).fontSize) * scale);
      if (at.left < outer.left - 1 || at.right > outer.right + 1 || at.top < outer.top - 1 ||
          at.bottom > outer.bottom + 1)
        wrong.push('text off the picture: ' + figure.id + ': ' + text);
      // Its ground is the last shape drawn before it that holds its middle; the colours of an image are not known.
      const x = (at.left + at.right) / 2, y = (at.top + at.bottom) / 2;
      const behind = shapes.filter(({shape, at}) => at.left <= x && x <= at.right && at.top <= y && y <= at.bottom &&
          shape.compareDocumentPosition(style) & Node.DOCUMENT_POSITION_FOLLOWING).pop();
      if (behind && behind.shape.tagName === 'image') continue;
      const ratio = contrast(getComputedStyle(style).fill, behind ? getComputedStyle(behind.shape).fill : paper);
      if (ratio < 4.5) wrong.push('contrast ' + ratio.toFixed(2) + ': ' + figure.id + ': ' + text);
    }
    for (let i = 0; i < texts.length; ++i) {
      for (let j = 0; j < i; ++j) {
        const a = texts[i].at, b = texts[j].at;
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        // A line's box is a quarter taller than its letters.
        if (across > 1 && down > 0.3 * Math.min(a.height, b.height))
          wrong.push('texts on each other: ' + figure.id + ': ' + texts[i].text + ' / ' + texts[j].text);
      }
    }
  }
  for (const table of document.querySelectorAll('table')) {
    const around = table.parentElement;
    if (table.checkVisibility() && box(table).width > box(around).width + 1 &&
        getComputedStyle(around).overflowX === 'visible')
      wrong.push('a table is cut: ' + table.textContent.slice(0, 40));
  }
  const button = document.getElementById('theme');
  const shown = panels.filter(panel => panel.checkVisibility());
  return {wrong, smallest, paper, printed: matchMedia('print').matches, kinds: kinds_of(figures.filter(figure => !figure.closest('.panel'))),
          panels: panels.map(panel => [panel.id, kinds_of(panel.querySelectorAll('figure'))]),
          shown: shown.map(panel => panel.id), top: shown.length ? box(shown[0]).top / innerHeight : 0, title: document.title, button: button.checkVisibility(),
          word: button.textContent, dark: luminance(paper) < 0.2, scripts: document.scripts.length};
})()
"""


def complaints(events, url):
    """What the browser reported of errors, and of requests for anything but the page."""
    found = []
    for event in events:
        method, parameters = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            found.append("script error: " + parameters["exceptionDetails"]["text"])
        elif method in ("Runtime.consoleAPICalled", "Log.entryAdded"):
            found.append("console: " + json.dumps(parameters)[:300])
        elif method == "Network.requestWillBeSent":
            asked = parameters["request"]["url"]
            if asked.split("#")[0] != url and not asked.startswith("data:"):
                found.append("request for " + asked)
    return found


# The middle of the first cell in a picture outside of panels that leads to a panel, scrolled into view; or null.
CELL = r"""
(id => {
  const cell = [...document.querySelectorAll('figure svg a')].find(
      link => link.getAttribute('href') === '#' + id && !link.closest('.panel'));
  if (!cell) return null;
  cell.scrollIntoView({block: 'center', inline: 'center'});
  const at = cell.getBoundingClientRect();
  return [at.left + at.width / 2, at.top + at.height / 2];
})
"""


class Enough(Exception):
    """Under --brief, once something is wrong."""


class Check:
    """What is wrong with one page, asked for under many circumstances."""

    def __init__(self, browser, expected):
        self.browser, self.expected, self.wrong = browser, expected, []
        self.url = "file://" + os.path.abspath(expected.page)

    def demand(self, truth, text):
        if not truth:
            self.wrong.append(text)

    def survey(self, name, panel, dark=None):
        """The whole page, of whose panels only `panel` may be shown; None where it has none."""
        self.browser.settle()
        found = self.browser.value(SURVEY)
        self.wrong.extend("%s: %s" % (name, text) for text in found["wrong"])
        self.wrong.extend("%s: %s" % (name, text) for text in complaints(self.browser.events, self.url))
        self.browser.events.clear()
        self.demand(found["kinds"] == self.expected.figures,
                    "%s: figures %s, expected %s" % (name, found["kinds"], self.expected.figures))
        for owner, kinds in found["panels"]:
            self.demand(kinds == self.expected.panel_figures,
                        "%s: %s: panel figures %s, expected %s" % (name, owner, kinds, self.expected.panel_figures))
        self.demand(found["shown"] == ([panel] if panel else []),
                    "%s: panels %s are shown, expected %s" % (name, found["shown"], panel))
        least = LEAST_PRINTED if found["printed"] else LEAST_LETTERS
        self.demand(found["smallest"] >= least, "%s: letters of %.1f pixels" % (name, found["smallest"]))
        if dark is not None:
            self.demand(found["dark"] == dark, "%s: the ground is %s" % (name, found["paper"]))
        if self.expected.pictures:
            self.browser.picture(os.path.join(self.expected.pictures, name + ".png"))
        if self.expected.brief and self.wrong:
            raise Enough
        return found

    def first(self):
        return self.expected.panels[0] if self.expected.panels else None

    def each_panel(self, name, dark=None):
        """Goes to every panel but the first, and to the first at last."""
        for panel in self.expected.panels[1:] + self.expected.panels[:1]:
            self.browser.value("location.hash = %s" % json.dumps("#" + panel))
            found = self.survey("%s-%s" % (name, panel), panel, dark)
            self.demand(0 <= found["top"] < 1, "%s: %s is not in view" % (name, panel))

    def open_by_cell(self, name, panel, press):
        """press(x, y): something that opens the link at that place of the view."""
        place = self.browser.value("%s(%s)" % (CELL, json.dumps(panel)))
        if not place:
            self.wrong.append("%s: no cell leads to %s" % (name, panel))
            return
        press(*place)
        found = self.survey("%s-%s" % (name, panel), panel)
        self.demand(0 <= found["top"] < 1, "%s: %s is not in view" % (name, panel))

    def click(self, x, y):
        for kind in ("mousePressed", "mouseReleased"):
            self.browser.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def enter(self, x, y):
        self.browser.value("document.elementFromPoint(%r, %r).closest('a').focus()" % (x, y))
        for kind, text in (("keyDown", "\r"), ("keyUp", "")):
            self.browser.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text=text,
                              windowsVirtualKeyCode=13)

    def screens(self):
        for name, size, scheme, dark in (("light", DESK, "light", False), ("dark", DESK, "dark", True),
                                         ("phone", PHONE, "light", False), ("phone-dark", PHONE, "dark", True)):
            self.browser.view(size, scheme)
            self.browser.open(self.url)
            found = self.survey(name, self.first(), dark)
            self.demand(found["button"], "%s: no theme switch" % name)
            self.demand(found["scripts"] == 1 and found["title"] == self.expected.title,
                        "%s: a foreign script: %s" % (name, found))
            self.each_panel(name, dark)
        self.browser.view(DESK, "light")
        self.browser.open(self.url)
        for panel in self.expected.panels[1:]:
            self.open_by_cell("click", panel, self.click)
        for panel in self.expected.panels[:1]:
            self.open_by_cell("enter", panel, self.enter)

    def switch(self):
        """It goes auto, light, dark, whatever the system says, and is remembered."""
        self.browser.view(DESK, "dark")
        self.browser.open(self.url)
        for word, dark in (("light", False), ("dark", True), ("auto", True), ("light", False)):
            self.browser.value("document.getElementById('theme').click()")
            found = self.browser.value(SURVEY)
            self.demand(found["word"] == "Theme: " + word and found["dark"] == dark,
                        "switch: %s with ground %s, expected %s" % (found["word"], found["paper"], word))
        self.browser.open(self.url)
        self.demand(self.browser.value(SURVEY)["word"] == "Theme: light", "the switch is not remembered")
        self.browser.value("document.getElementById('theme').click()")

    def paper(self):
        """Print is light whatever the theme, has no switch, and no figure is taller than a page."""
        self.browser.view(PAPER, "dark", "print")
        self.browser.open(self.url)
        found = self.survey("print", self.first(), False)
        self.demand(not found["button"], "print: a switch on paper")
        self.each_panel("print", False)
        tallest = self.browser.value(
            "Math.max(0, ...[...document.querySelectorAll('figure')].map(f => f.offsetHeight))")
        page_height = (297 - 2 * 14) / 25.4 * 96  # CSS pixels: A4 less the margins of the page's style
        self.demand(tallest <= page_height, "print: a figure %d tall on a page of %d" % (tallest, page_height))
        unfolded = "[...document.querySelectorAll('details.facts')].every(facts => facts.open)"
        self.browser.value("dispatchEvent(new Event('beforeprint'))")
        self.demand(self.browser.value(unfolded), "print: the configuration is folded")
        self.browser.value("dispatchEvent(new Event('afterprint'))")
        self.demand(not self.browser.value(unfolded), "print: the configuration stays unfolded")
        pdf = base64.b64decode(self.browser.call("Page.printToPDF", preferCSSPageSize=False, paperWidth=8.27,
                                                 paperHeight=11.69)["data"])
        self.demand(pdf.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", pdf)) > 1, "print: no pages")
        if self.expected.pictures:
            with open(os.path.join(self.expected.pictures, "print.pdf"), "wb") as out:
                out.write(pdf)

    def without_script(self):
        """There is no switch, and nothing else is missing."""
        self.browser.view(DESK, "light")
        self.browser.call("Emulation.setScriptExecutionDisabled", value=True)
        self.browser.open(self.url)
        self.browser.call("Emulation.setScriptExecutionDisabled", value=False)
        found = self.survey("without-script", self.first(), False)
        self.demand(not found["button"], "without script: a switch that does nothing")
        for panel in self.expected.panels[-1:]:
            self.open_by_cell("without-script", panel, self.click)


def counts(words):
    return {kind: int(count) for kind, count in (word.split("=") for word in words)}


def main(arguments):
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("browser")
    parser.add_argument("page")
    parser.add_argument("--title", required=True)
    parser.add_argument("--figures", nargs="+", required=True)
    parser.add_argument("--panel-figures", nargs="+", default=[])
    parser.add_argument("--panels", nargs="+", default=[])
    parser.add_argument("--pictures")
    parser.add_argument("--brief", action="store_true")
    expected = parser.parse_args(arguments)
    expected.figures, expected.panel_figures = counts(expected.figures), counts(expected.panel_figures)
    if expected.pictures:
        os.makedirs(expected.pictures, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(expected.browser, profile)
        try:
            check = Check(browser, expected)
            for part in (check.screens, check.switch, check.paper, check.without_script):
                part()
        except Enough:
            pass
        finally:
            browser.close()
    for text in check.wrong:
        print(text)
    return 1 if check.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
