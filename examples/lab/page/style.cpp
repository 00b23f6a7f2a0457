// SPDX-License-Identifier: MIT
#include "lab/page/style.hpp"

#include "dope/core/error.hpp"
#include "draw/chart.hpp"

namespace page {
namespace {

constexpr std::string_view light_colours =
    "--paper:#ffffff;--raised:#f5f6f8;--ink:#1a1a1a;--faint:#595959;--line:#d5d9e0;--link:#0b57a4;"
    "--main:#0072b2;--second:#b34700;--reference:#6b6b6b;--needle:#c9187e;--kept:#7a8794;color-scheme:light";

constexpr std::string_view dark_colours =
    "--paper:#14171c;--raised:#1e232b;--ink:#e8eaed;--faint:#a8b0bb;--line:#3a424e;--link:#8ab8f0;"
    "--main:#56b4e9;--second:#f0a030;--reference:#a3a9b1;--needle:#ff7ac6;--kept:#7d8896;color-scheme:dark";

constexpr std::string_view page_rules = R"css(
*{box-sizing:border-box}
html{scroll-padding-top:1rem;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);
font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,"DejaVu Sans",sans-serif}
a{color:var(--link)}
.page{max-width:80rem;margin:0 auto;padding:1.5rem 1.25rem 4rem}
header{display:flex;gap:1rem;align-items:flex-start;justify-content:space-between}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .5rem}
h2{font-size:1.45rem;line-height:1.25;margin:3.5rem 0 .75rem;padding-top:1rem;border-top:2px solid var(--line)}
h3{font-size:1.15rem;line-height:1.3;margin:2.5rem 0 .5rem}
h4{font-size:1rem;margin:1.5rem 0 .5rem}
h1,h2,h3,h4,p,li,td,th,dd,dt,figcaption,caption{overflow-wrap:anywhere}
p,ul{max-width:46rem}
button{font:inherit;font-size:.9rem;color:var(--ink);background:var(--raised);border:1px solid var(--line);
border-radius:.4rem;padding:.35rem .7rem;cursor:pointer;white-space:nowrap}
button:focus-visible,a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:2px solid var(--link);
outline-offset:2px}
nav{background:var(--raised);border:1px solid var(--line);border-radius:.5rem;padding:.75rem 1.25rem;margin:1.5rem 0}
nav h2{border:0;margin:0;padding:0;font-size:1rem}
nav ul{margin:.3rem 0;padding-left:1.1rem;max-width:none}
nav>ul{padding-left:0;list-style:none}
nav>ul>li>a{font-weight:600}
nav ul ul{columns:2 18rem}
.scroll{overflow-x:auto;max-width:100%;margin:.75rem 0}
table{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--faint);padding:0 0 .4rem;caption-side:top;max-width:46rem;font-size:.9rem}
th,td{padding:.3rem .65rem;text-align:left;border-bottom:1px solid var(--line);vertical-align:baseline}
td{white-space:nowrap}
td.long{white-space:normal;min-width:14rem;max-width:30rem}
td.number,th.number{text-align:right}
thead th{font-weight:600;border-bottom:2px solid var(--line);white-space:nowrap;overflow-wrap:normal}
thead th[colspan]{text-align:center;border-left:1px solid var(--line);border-bottom-width:1px}
tbody th{font-weight:500;white-space:nowrap;overflow-wrap:normal;position:sticky;left:0;background:var(--paper);
max-width:45vw;overflow:hidden;text-overflow:ellipsis}
tbody tr:hover>*{background:var(--raised)}
.interval{color:var(--faint);font-size:.92em}
figure{margin:1.25rem 0 2rem;padding:0;break-inside:avoid}
figcaption{color:var(--faint);font-size:.9rem;max-width:46rem;margin:.35rem 0 0}
figure .scroll{margin:0}
figure svg,figure img{display:block;max-width:none;height:auto}
figure img{background:#fff}
@media (min-width:48rem){figure svg,figure img{max-width:100%}}
details{margin:.5rem 0;max-width:100%}
summary{cursor:pointer;color:var(--link);font-size:.9rem}
details.facts{background:var(--raised);border:1px solid var(--line);border-radius:.5rem;padding:.5rem 1rem}
dl{display:grid;grid-template-columns:minmax(8rem,14rem) 1fr;gap:.25rem 1rem;font-size:.875rem;margin:.75rem 0}
dt{font-weight:600}
dd{margin:0}
@media (max-width:36rem){dl{grid-template-columns:1fr}dd{margin:0 0 .4rem 1rem}.page{padding:1rem .9rem 3rem}
h1{font-size:1.5rem}}
pre{overflow-x:auto;background:var(--raised);border:1px solid var(--line);border-radius:.5rem;padding:.75rem 1rem;
font-size:.85rem}
.gallery{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,34rem),1fr));gap:0 1.5rem;align-items:start}
.gallery figure{min-width:0}
.links{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;margin:.5rem 0;padding:0;max-width:none}
.panel{display:none}
.panel:target,.panel:has(:target),.panels:not(:has(:target))>.panel:first-child{display:block}
@supports not selector(:has(*)){.panel{display:block}}
)css";

// Lines and areas of the charts drawn for this page.
constexpr std::string_view chart_rules = R"css(
.grid{stroke:var(--line);stroke-width:1;fill:none}
.axis{stroke:var(--faint);stroke-width:1;fill:none}
.main,.second,.reference{fill:none;stroke-width:2;stroke-linejoin:round}
.main{stroke:var(--main)}.second{stroke:var(--second);stroke-dasharray:7 3}
.reference{stroke:var(--reference);stroke-dasharray:3 3}
.whisker-main{stroke:var(--main);stroke-width:1.25;fill:none;opacity:.75}
.whisker-second{stroke:var(--second);stroke-width:1.25;fill:none;opacity:.75}
.whisker-reference{stroke:var(--reference);stroke-width:1.25;fill:none;opacity:.75}
.dot-main{fill:var(--main)}.dot-second{fill:var(--paper);stroke:var(--second);stroke-width:1.75}
.dot-reference{fill:var(--paper);stroke:var(--reference);stroke-width:1.5}
.area-selected{fill:var(--main)}.area-kept{fill:var(--kept)}
.needle-band{fill:var(--needle);opacity:.45}.needle-mark{fill:var(--needle)}
.uniform{stroke:var(--ink);stroke-width:1;stroke-dasharray:2 3;fill:none;opacity:.7}
.frame{fill:none;stroke:var(--line)}
.points-main{fill:none;stroke:var(--main);stroke-width:6;stroke-linecap:round}
)css";

constexpr std::string_view link_rules = R"css(
figure svg a:focus{outline:none}
figure svg a:hover rect[stroke],figure svg a:focus-visible rect[stroke]{stroke:var(--ink);stroke-width:3}
)css";

constexpr std::string_view print_rules = R"css(
@page{margin:14mm 12mm}
@page wide{size:landscape}
@media print{
body{font-size:9.5pt}
.page{max-width:none;padding:0}
header button,.values,.links{display:none}
.gallery{display:block}
a{color:inherit;text-decoration:none}
h2{break-before:page}
nav h2,main>section:first-of-type>h2{break-before:auto}
nav{break-inside:avoid}
h2,h3,h4,caption{break-after:avoid}
tr{break-inside:avoid}
thead{display:table-header-group}
.scroll{overflow:visible}
table{font-size:7pt;max-width:100%}
th,td{padding:.15rem .3rem}
td,th{white-space:normal;overflow-wrap:break-word}
td.long{min-width:0;max-width:none}
tbody th{position:static;max-width:none;overflow-wrap:anywhere}
.interval{display:block;white-space:nowrap}
.wide{page:wide}
.wide table,.many table{font-size:6pt}
.many th,.many td{padding:.15rem .2rem}
figure svg,figure img{max-width:100%;max-height:22cm}
}
)css";

/// Rules that put the theme's colours in place of the pictures' own, which are attributes.
std::string picture_rules() {
  const auto rule = [](const std::string& selector, const std::string& property, const std::string& colour) {
    return "figure svg " + selector + "{" + property + ":var(--" + colour + ")}\n";
  };
  const auto with = [](const std::string& attribute, std::string_view colour) {
    return "[" + attribute + "=\"" + std::string(colour) + "\"]";
  };
  return rule("text" + with("fill", lab::text_colour), "fill", "ink") +
         rule("text" + with("fill", lab::faint_colour), "fill", "faint") +
         rule("path" + with("stroke", lab::text_colour), "stroke", "ink") +
         rule(">rect:first-of-type" + with("fill", lab::page_colour), "fill", "paper") +
         rule("rect:not([fill=none])" + with("stroke", lab::page_colour), "stroke", "paper");
}

constexpr std::string_view script = R"js((function(){
var root=document.documentElement,button=document.getElementById("theme"),names=["auto","light","dark"];
function stored(){try{return localStorage.getItem("report-theme")}catch(refused){return null}}
function keep(name){try{localStorage.setItem("report-theme",name)}catch(refused){}}
function show(name){if(name==="auto"){root.removeAttribute("data-theme")}else{root.setAttribute("data-theme",name)}
button.textContent="Theme: "+name}
var now=stored();if(names.indexOf(now)<0){now="auto"}
show(now);button.hidden=false;
button.addEventListener("click",function(){now=names[(names.indexOf(now)+1)%3];keep(now);show(now)});
var folded=[];
addEventListener("beforeprint",function(){folded=[].slice.call(document.querySelectorAll("details.facts:not([open])"));
folded.forEach(function(facts){facts.open=true})});
addEventListener("afterprint",function(){folded.forEach(function(facts){facts.open=false})});
})();)js";

}  // namespace

std::string standalone_svg(std::string_view svg) {
  const std::size_t open = svg.find("<svg");
  const std::size_t end = open == std::string_view::npos ? open : svg.find('>', open);
  if (end == std::string_view::npos)
    throw dope::Error("standalone_svg", "no <svg> element", "an SVG picture");
  std::string rules(chart_rules);
  // Some readers of SVG know no custom properties: the colours stand where they are used.
  for (std::size_t at = rules.find("var("); at != std::string::npos; at = rules.find("var(", at)) {
    const std::size_t close = rules.find(')', at);
    const std::string name = rules.substr(at + 4, close - at - 4) + ":";
    const std::size_t value = light_colours.find(name) + name.size();
    rules.replace(at, close + 1 - at, light_colours.substr(value, light_colours.find(';', value) - value));
  }
  std::string alone(svg.substr(0, end + 1));
  alone += "\n<style>" + rules + "</style>";
  return alone.append(svg.substr(end + 1));
}

std::string style_sheet() {
  const std::string light(light_colours);
  const std::string dark(dark_colours);
  return ":root{" + light +
         "}\n@media screen and (prefers-color-scheme:dark){:root:not([data-theme=light]){" + dark +
         "}}\n@media screen{:root[data-theme=dark]{" + dark + "}}" + std::string(page_rules) +
         std::string(chart_rules) + std::string(link_rules) + picture_rules() + std::string(print_rules);
}

std::string_view theme_script() { return script; }

}  // namespace page
