<<<<<<<< HEAD:sdk/js/built/shared-VUG5HXZW.js
import{a as i,h as s}from"./shared-SZ65ONQJ.js";var e=new Set,p=i(),c=p,r=!1;function a(t){let n=s(t);return globalThis.document&&!r&&(r=!0,n.on("change",o=>{c=o;for(let l of e)l()})),n}var u=()=>c,w=()=>p;function m(t){return a(),e.add(t),()=>{e.delete(t)}}var b=({scopes:t},n)=>n.split(" ").every(o=>Object.hasOwn(t,o));export{a,u as b,w as c,m as d,b as e};
========
import{a as i,h as s}from"./shared-N6BEMJYT.js";var e=new Set,p=i(),c=p,r=!1;function a(t){let n=s(t);return globalThis.document&&!r&&(r=!0,n.on("change",o=>{c=o;for(let l of e)l()})),n}var u=()=>c,w=()=>p;function m(t){return a(),e.add(t),()=>{e.delete(t)}}var b=({scopes:t},n)=>n.split(" ").every(o=>Object.hasOwn(t,o));export{a,u as b,w as c,m as d,b as e};
>>>>>>>> ed92020 (keys: a new key of receipts or checkpoints is one command):sdk/js/built/shared-MAXUWXH2.js
