/** The bar's styles: a sheet that a script makes, so that no policy for styles has to let it pass. */
export const STYLE = `
:host{all:initial;position:fixed;inset:8px 8px auto auto;z-index:2147483646;max-inline-size:calc(100vw - 16px);
font:14px/1.45 system-ui,sans-serif;color-scheme:light dark;
--back:#fff;--text:#1b1c1f;--soft:#55585f;--line:#8a8d94;--code:#f1f2f4;--bad:#a32100;--good:#1c6b2d;--focus:#0b57d0;
color:var(--text)}
@media (prefers-color-scheme:dark){:host{--back:#1d1e22;--text:#eceef1;--soft:#b3b7bf;--line:#777b84;--code:#2a2c31;
--bad:#ffab91;--good:#9ad8a6;--focus:#a8c7fa}}
*{box-sizing:border-box}
[hidden]{display:none!important}
button,select,input{font:inherit;color:var(--text);background:var(--back);border:1px solid var(--line);border-radius:4px;
padding:4px 10px;min-block-size:32px;max-inline-size:100%}
button{cursor:pointer}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px}
.pill{display:block;margin-inline-start:auto;border-radius:16px;font-weight:600;box-shadow:0 1px 4px #0006}
.pill.bad{color:var(--bad);border-color:var(--bad)}
section{margin-block-start:8px;inline-size:480px;max-inline-size:100%;overflow:auto;
overscroll-behavior:contain;padding:4px 16px 16px;background:var(--back);border:1px solid var(--line);border-radius:8px;
box-shadow:0 4px 16px #0006}
header{display:flex;flex-wrap:wrap;gap:8px;align-items:center;padding-block:8px}
h2{flex:1 0 auto;margin:0;font-size:16px}
h3{margin:16px 0 4px;padding-block-start:12px;border-block-start:1px solid var(--line);font-size:14px}
h4{margin:0;font:600 13px/1.4 ui-monospace,monospace;overflow-wrap:anywhere}
p,ul,dl,pre{margin:4px 0}
ul{padding-inline-start:18px}
li,dd,p{overflow-wrap:anywhere}
p[role=status]:not(:empty){padding:8px;border:1px solid var(--line);border-radius:4px;background:var(--code)}
article{margin-block:8px 16px;display:grid;gap:6px;justify-items:start}
article p{margin:0;color:var(--soft)}
input,select{inline-size:100%}
pre{inline-size:100%;padding:8px;overflow:auto;background:var(--code);border-radius:4px;
font:13px/1.4 ui-monospace,monospace;user-select:all}
dl{display:grid;grid-template-columns:auto 1fr;gap:2px 12px}
dt{color:var(--soft)}
dd{margin:0}
#answer button{margin:8px 8px 0 0}
.bad strong{color:var(--bad)}
article .good{color:var(--good)}
`;
