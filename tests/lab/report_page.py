# Opens a page in headless Chromium and holds it to what a report promises. Speaks the DevTools protocol over two
# pipes, with nothing but Python's own library.
#
#   report_page.py CHROMIUM PAGE KIND=COUNT... [--pictures FOLDER]
#
# KIND=COUNT: so many figures of that kind must be there. Prints what is wrong, a line each; status 1 if anything is.
import base64
import collections
import json
import os
import re
import subprocess
import sys
import tempfile
import time

PATIENCE_S = 60

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
    if (!document.getElementById(link.getAttribute('href').slice(1))) wrong.push('link to nowhere: ' + link.href);
  }
  if (document.documentElement.scrollWidth > innerWidth + 1)
    wrong.push('the page is ' + document.documentElement.scrollWidth + ' wide in a view of ' + innerWidth);
  const paper = getComputedStyle(document.body).backgroundColor;
  for (const element of document.querySelectorAll('p, td, th, figcaption, caption, summary, a, h2, h3, dd')) {
    if (!element.checkVisibility() || !element.textContent.trim()) continue;
    const ratio = contrast(getComputedStyle(element).color, paper);
    if (ratio < 4.5) wrong.push('contrast ' + ratio.toFixed(2) + ': ' + element.textContent.slice(0, 40));
  }
  const kinds = {};
  let smallest = 1e9;
  for (const figure of document.querySelectorAll('figure')) {
    const kind = figure.id.replace(/^figure-\d+-/, '');
    kinds[kind] = (kinds[kind] || 0) + 1;
    const svg = figure.querySelector('svg');
    if (!svg || box(svg).width < 100 || box(svg).height < 50) {
      wrong.push('no picture: ' + figure.id);
      continue;
    }
    if (!figure.querySelector('figcaption').textContent.trim()) wrong.push('no caption: ' + figure.id);
    if (!svg.querySelector('title').textContent.trim()) wrong.push('no text alternative: ' + figure.id);
    const marks = svg.querySelectorAll('rect, path').length;
    if (marks < 4) wrong.push('an empty picture: ' + figure.id);
    const ground = getComputedStyle(svg.querySelector('rect')).fill;
    if (ground !== paper) wrong.push('a ground of another colour: ' + figure.id + ' ' + ground);
    const outer = box(svg);
    const texts = [...svg.querySelectorAll('text')].map(
        text => ({text: text.textContent, at: box(text), turned: text.hasAttribute('transform'), style: text}));
    const scale = outer.width / svg.viewBox.baseVal.width;
    for (const {text, at, style} of texts) {
      smallest = Math.min(smallest, parseFloat(getComputedStyle(style).fontSize) * scale);
      if (at.left < outer.left - 1 || at.right > outer.right + 1 || at.top < outer.top - 1 ||
          at.bottom > outer.bottom + 1)
        wrong.push('text off the picture: ' + figure.id + ': ' + text);
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
  return {wrong, kinds, smallest, paper, title: document.title, button: button.checkVisibility(),
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


def check(browser, page, expected, pictures):
    url = "file://" + os.path.abspath(page)
    wrong = []

    def survey(name):
        browser.settle()
        found = browser.value(SURVEY)
        wrong.extend("%s: %s" % (name, text) for text in found["wrong"])
        wrong.extend("%s: %s" % (name, text) for text in complaints(browser.events, url))
        if pictures:
            browser.picture(os.path.join(pictures, name + ".png"))
        return found

    def demand(truth, text):
        if not truth:
            wrong.append(text)

    for name, size, scheme, dark in (("light", DESK, "light", False), ("dark", DESK, "dark", True),
                                     ("phone", PHONE, "light", False), ("phone-dark", PHONE, "dark", True)):
        browser.view(size, scheme)
        browser.open(url)
        found = survey(name)
        demand(found["kinds"] == expected, "%s: figures %s, expected %s" % (name, found["kinds"], expected))
        demand(found["dark"] == dark, "%s: the ground is %s" % (name, found["paper"]))
        demand(found["smallest"] >= 7.9, "%s: letters of %.1f pixels" % (name, found["smallest"]))
        demand(found["button"], "%s: no theme switch" % name)
        demand(found["scripts"] == 1 and found["title"] == "Lab report", "%s: a foreign script: %s" % (name, found))

    # The switch goes auto, light, dark, whatever the system says, and is remembered.
    browser.view(DESK, "dark")
    browser.open(url)
    for word, dark in (("light", False), ("dark", True), ("auto", True), ("light", False)):
        browser.value("document.getElementById('theme').click()")
        found = browser.value(SURVEY)
        demand(found["word"] == "Theme: " + word and found["dark"] == dark,
               "switch: %s with ground %s, expected %s" % (found["word"], found["paper"], word))
    browser.open(url)
    demand(browser.value(SURVEY)["word"] == "Theme: light", "the switch is not remembered")

    # Print is light whatever the theme, has no switch, and no figure is taller than a page.
    browser.value("document.getElementById('theme').click()")
    browser.view(PAPER, "dark", "print")
    found = survey("print")
    demand(not found["dark"], "print: the ground is %s" % found["paper"])
    demand(not found["button"], "print: a switch on paper")
    tallest = browser.value("Math.max(0, ...[...document.querySelectorAll('figure')].map(f => f.offsetHeight))")
    page_height = (297 - 2 * 14) / 25.4 * 96  # CSS pixels: A4 less the margins of the page's style
    demand(tallest <= page_height, "print: a figure %d tall on a page of %d" % (tallest, page_height))
    unfolded = "[...document.querySelectorAll('details.facts')].every(facts => facts.open)"
    browser.value("dispatchEvent(new Event('beforeprint'))")
    demand(browser.value(unfolded), "print: the configuration is folded")
    browser.value("dispatchEvent(new Event('afterprint'))")
    demand(not browser.value(unfolded), "print: the configuration stays unfolded")
    pdf = base64.b64decode(browser.call("Page.printToPDF", preferCSSPageSize=False, paperWidth=8.27,
                                        paperHeight=11.69)["data"])
    demand(pdf.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", pdf)) > 1, "print: no pages")
    if pictures:
        with open(os.path.join(pictures, "print.pdf"), "wb") as out:
            out.write(pdf)

    # Without script there is no switch, and nothing else is missing.
    browser.view(DESK, "light")
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(url)
    browser.call("Emulation.setScriptExecutionDisabled", value=False)
    found = browser.value(SURVEY)
    demand(found["kinds"] == expected, "without script: figures %s" % found["kinds"])
    demand(not found["button"], "without script: a switch that does nothing")
    return wrong


def main(arguments):
    pictures = None
    if "--pictures" in arguments:
        at = arguments.index("--pictures")
        pictures = arguments[at + 1]
        del arguments[at:at + 2]
        os.makedirs(pictures, exist_ok=True)
    program, page, *figures = arguments
    expected = collections.Counter()
    for figure in figures:
        kind, count = figure.split("=")
        expected[kind] = int(count)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(program, profile)
        try:
            wrong = check(browser, page, dict(expected), pictures)
        finally:
            browser.close()
    for text in wrong:
        print(text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
