<<<<<<<< HEAD:sdk/js/built/shared-JZ7NP6HU.js
import{a as i,b as s}from"./shared-Z4HZJH4P.js";var e=new Set,p=i(),c=p,r=!1;function a(t){let n=s(t);return globalThis.document&&!r&&(r=!0,n.on("change",o=>{c=o;for(let l of e)l()})),n}var u=()=>c,w=()=>p;function m(t){return a(),e.add(t),()=>{e.delete(t)}}var b=({scopes:t},n)=>n.split(" ").every(o=>Object.hasOwn(t,o));export{a,u as b,w as c,m as d,b as e};
========
import{a as i,b as s}from"./shared-FCTAH2U2.js";var e=new Set,p=i(),c=p,r=!1;function a(t){let n=s(t);return globalThis.document&&!r&&(r=!0,n.on("change",o=>{c=o;for(let l of e)l()})),n}var u=()=>c,w=()=>p;function m(t){return a(),e.add(t),()=>{e.delete(t)}}var b=({scopes:t},n)=>n.split(" ").every(o=>Object.hasOwn(t,o));export{a,u as b,w as c,m as d,b as e};
>>>>>>>> cf02c47 (tracker: routes behind #/ are pages where the site says so):sdk/js/built/shared-7XPEOGNF.js
