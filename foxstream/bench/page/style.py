"""How the page looks: on a phone, on a desk, in the dark and on paper.

House rule: colours come from the inks of the figures, so that both change together.
"""

from __future__ import annotations

from foxstream.bench import ink
from foxstream.bench.page.markup import Markup

__all__ = ["style"]


def style() -> Markup:
    """The whole style sheet."""
    light = "".join(f"--{each.name}:{each.light};" for each in ink.INKS)
    dark = "".join(f"--{each.name}:{each.dark};" for each in ink.INKS)
    return Markup(
        f":root{{color-scheme:light dark;{light}--alarm:#9a1c1c;--alarm-paper:#fdecea;}}"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{dark}"
        f"--alarm:#ff9d94;--alarm-paper:#3a1a1a;}}}}{_RULES}"
    )


_RULES = """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0 auto;padding:1.5rem 1rem 4rem;max-width:74rem;background:var(--paper);
color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;
overflow-wrap:break-word}
h1,h2,h3{line-height:1.2;text-wrap:balance;letter-spacing:-.01em}
h1{font-size:1.9rem;margin:0 0 .35rem}
h2{font-size:1.35rem;margin:3rem 0 .6rem;padding-top:1rem;border-top:1px solid var(--grid)}
h3{font-size:1.05rem;margin:1.6rem 0 .4rem}
p,ul{max-width:44rem;margin:.6rem 0}
ul{padding-left:1.2rem}
small,.muted,figcaption,caption{color:var(--muted)}
code{font:.92em/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;
overflow-wrap:anywhere}
.verdict{font-size:1.2rem;line-height:1.45;margin:1.2rem 0}
.warning{border-left:.3rem solid var(--alarm);background:var(--alarm-paper);padding:.7rem 1rem;
margin:1.2rem 0;max-width:44rem;border-radius:.2rem}
.warning strong,.missed{color:var(--alarm)}
.warning p,.warning ul{margin:.3rem 0}
figure{margin:0;min-width:0}
figure h3{margin:.2rem 0 .3rem}
figcaption{font-size:.9rem;line-height:1.45;max-width:34rem;margin-top:.3rem}
.plots{display:grid;gap:2.2rem 2.5rem;
grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));align-items:start;margin:1rem 0}
.plot{display:block;width:100%;max-width:31rem;height:auto}
.plot *{stroke-linejoin:round}
.plot text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
table{border-collapse:collapse;width:100%;margin:.8rem 0;font-variant-numeric:tabular-nums}
caption{text-align:left;font-size:.9rem;padding-bottom:.3rem}
th,td{padding:.4rem .6rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--grid)}
thead th{font-size:.85rem;font-weight:600;color:var(--muted);border-bottom-color:var(--muted)}
th{font-weight:600}
th:first-child,td:first-child{padding-left:0}
th small,td small{display:block;font-size:.8rem;font-weight:400;line-height:1.35}
.short{width:auto}
.nowrap{white-space:nowrap}
.number{text-align:right;white-space:nowrap}
.failing th,.failing td{border-top:0;color:var(--muted);font-weight:400;font-size:.9rem}
.joined th,.joined td{border-bottom:0;padding-bottom:.1rem}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.25rem 1.2rem;margin:.8rem 0}
dt{color:var(--muted)}
dd{margin:0;min-width:0}
.terms dt{color:var(--ink);font-weight:600}
details{margin:.8rem 0}
summary{cursor:pointer;padding:.3rem 0;font-weight:600}
@media (max-width:46rem){
h1{font-size:1.55rem}
th,td{padding:.4rem .35rem}
.verdict{font-size:1.1rem}
dl.terms{grid-template-columns:1fr;gap:0}
dl.terms dd{margin-bottom:.6rem}
.metrics thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.metrics,.metrics tbody{display:block}
.metrics tr{display:grid;grid-template-columns:repeat(5,minmax(0,1fr));gap:.3rem .4rem;
padding:.7rem 0;border-bottom:1px solid var(--grid)}
.metrics tr.joined{border-bottom:0;padding-bottom:.2rem}
.metrics tr.failing{padding-top:.2rem}
.metrics th{grid-column:1/-1}
.metrics th,.metrics td{display:block;padding:0;border:0;text-align:left;white-space:normal}
.metrics caption{display:block}
.metrics td{font-size:.9rem}
.metrics td small{font-size:.72rem}
.metrics td::before{content:attr(data-name);display:block;font-size:.78rem;color:var(--muted)}
.metrics .failing td::before{display:none}
}
@media print{
body{max-width:none;padding:0;font-size:10pt}
figure,tr,.warning{break-inside:avoid}
h2,h3{break-after:avoid}
}
"""
