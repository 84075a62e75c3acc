<<<<<<<< HEAD:sdk/js/built/shared-6X5DOE5H.js
import{a as i,h as s}from"./shared-RYMCBLLV.js";var e=new Set,p=i(),c=p,r=!1;function a(t){let n=s(t);return globalThis.document&&!r&&(r=!0,n.on("change",o=>{c=o;for(let l of e)l()})),n}var u=()=>c,w=()=>p;function m(t){return a(),e.add(t),()=>{e.delete(t)}}var b=({scopes:t},n)=>n.split(" ").every(o=>Object.hasOwn(t,o));export{a,u as b,w as c,m as d,b as e};
========
import{a as i,h as s}from"./shared-T6ABAXLM.js";var e=new Set,p=i(),c=p,r=!1;function a(t){let n=s(t);return globalThis.document&&!r&&(r=!0,n.on("change",o=>{c=o;for(let l of e)l()})),n}var u=()=>c,w=()=>p;function m(t){return a(),e.add(t),()=>{e.delete(t)}}var b=({scopes:t},n)=>n.split(" ").every(o=>Object.hasOwn(t,o));export{a,u as b,w as c,m as d,b as e};
>>>>>>>> aa7a96f (receipts: a page of the site on which one is checked):sdk/js/built/shared-463Y6JLI.js
