/** How the page of a table looks: on paper, on a phone, and in the dark. No font and no picture is fetched. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #fbfaf8; --card: #ffffff; --ink: #1d2230; --faint: #5b6372; --line: #dcdfe6; --soft: #eef0f4;
  --append: #007a58; --compact: #2f66c4; --overwrite: #b05a00; --analyze: #7a6f8d; --delete: #c0264b; --focus: #1b55d4;
  --warn: #fdf0dc; --warn-ink: #7a4300;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12151c; --card: #1a1f29; --ink: #e7eaf1; --faint: #9aa4b6; --line: #313949; --soft: #242b38;
    --append: #35c296; --compact: #7aa8f8; --overwrite: #f0a04b; --analyze: #b5a8cf; --delete: #ff7291; --focus: #9cc0ff;
    --warn: #3a2a12; --warn-ink: #ffd59a;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 3.5rem; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
main, header, footer { max-width: 76rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 1.25rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; }
h3 { font-size: 1rem; margin: 0; }
p { margin: .4rem 0; }
a { color: var(--compact); }
code, .mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .9em; }
.faint { color: var(--faint); }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .5rem; z-index: 2; }
nav { position: sticky; top: 0; z-index: 1; background: var(--ground); border-bottom: 1px solid var(--line); margin-top: 1rem; }
nav ul { display: flex; gap: 1.25rem; list-style: none; margin: 0 auto; padding: .5rem 1rem; max-width: 76rem; overflow-x: auto; white-space: nowrap; }
nav a { text-decoration: none; padding: .25rem 0; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 3px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: .6rem; margin: 1rem 0; padding: 0; }
.tiles div { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .5rem .75rem; }
.tiles dt { color: var(--faint); font-size: .85rem; }
.tiles dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.notices { list-style: none; margin: 1rem 0; padding: 0; display: grid; gap: .5rem; }
.notices li { background: var(--soft); border-left: 4px solid var(--faint); border-radius: 4px; padding: .5rem .75rem; }
.notices li.warning { background: var(--warn); border-color: var(--overwrite); color: var(--warn-ink); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .75rem; margin: .75rem 0; }
.scroll { overflow: auto; max-height: 32rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: .75rem; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1rem; font-size: .85rem; color: var(--faint); list-style: none; padding: 0; margin: .25rem 0; }
.legend svg { width: .8rem; height: .8rem; vertical-align: -1px; margin-right: .3rem; }
svg { display: block; }
.legend svg { display: inline; }
.APPEND { fill: var(--append); } .COMPACT { fill: var(--compact); } .OVERWRITE { fill: var(--overwrite); } .ANALYZE { fill: var(--analyze); }
.down { opacity: .55; }
.delete { fill: var(--delete); }
.file { fill: var(--compact); stroke: var(--card); stroke-width: 1px; vector-effect: non-scaling-stroke; }
.level0 .file { fill: var(--append); }
.hit { fill: transparent; }
.on .hit { fill: var(--focus); fill-opacity: .18; }
.on .file { stroke: var(--ink); stroke-width: 3px; }
.axis { stroke: var(--line); stroke-width: 1; }
.stem { stroke: var(--ink); stroke-width: 1; }
.label { fill: var(--faint); font-size: 10px; }
.tag { fill: var(--ink); font-size: 11px; }
.mark { fill: var(--overwrite); }
.area { fill: var(--compact); fill-opacity: .15; }
.curve { fill: none; stroke: var(--compact); stroke-width: 2px; vector-effect: non-scaling-stroke; }
.ends { display: flex; justify-content: space-between; gap: 1rem; font-size: .8rem; color: var(--faint); }
.tree { scroll-margin-top: 4rem; }
.tree > p { font-size: .9rem; }
.run { display: grid; grid-template-columns: 15rem 1fr; gap: .75rem; align-items: center; margin: .3rem 0; }
.run svg { width: 100%; height: 1.5rem; background: var(--soft); border-radius: 3px; }
.run span { font-size: .85rem; font-variant-numeric: tabular-nums; }
.keys { margin-left: 15.75rem; }
output { display: block; min-height: 2.6em; font-size: .85rem; margin-top: .4rem; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; overflow-wrap: break-word; padding: .25rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { position: sticky; top: 0; background: var(--card); }
.number { text-align: right; white-space: nowrap; }
.time { white-space: nowrap; }
.share { min-width: 6rem; }
.share svg { width: 100%; height: .8rem; background: var(--soft); }
summary { cursor: pointer; padding: .25rem 0; font-size: .9rem; }
.history { list-style: none; padding: 0; }
.history > li { border-left: 3px solid var(--line); padding: 0 0 .75rem 1rem; }
.history ul { margin: .2rem 0; padding-left: 1.1rem; }
input { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--faint); border-radius: 6px; padding: .4rem .6rem; width: 100%; max-width: 24rem; }
footer { padding-bottom: 3rem; margin-top: 3rem; color: var(--faint); font-size: .85rem; }
@media (max-width: 40rem) {
  body { font-size: 15px; }
  .tiles { grid-template-columns: repeat(2, 1fr); }
  .run { grid-template-columns: 1fr; gap: .15rem; margin: .5rem 0; }
  .keys { margin-left: 0; }
  th, td { padding: .25rem .4rem; }
}
@media print { nav, .skip, .asks { display: none; } .scroll { max-height: none; overflow: visible; } }
`
