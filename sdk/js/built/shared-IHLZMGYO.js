<<<<<<<< HEAD:sdk/js/built/shared-IHLZMGYO.js
import{a as i,b as s}from"./shared-L73OPPQF.js";var e=new Set,p=i(),c=p,r=!1;function a(t){let n=s(t);return globalThis.document&&!r&&(r=!0,n.on("change",o=>{c=o;for(let l of e)l()})),n}var u=()=>c,w=()=>p;function m(t){return a(),e.add(t),()=>{e.delete(t)}}var b=({scopes:t},n)=>n.split(" ").every(o=>Object.hasOwn(t,o));export{a,u as b,w as c,m as d,b as e};
========
import{a as i,b as s}from"./shared-MYWJEDKO.js";var e=new Set,p=i(),c=p,r=!1;function a(t){let n=s(t);return globalThis.document&&!r&&(r=!0,n.on("change",o=>{c=o;for(let l of e)l()})),n}var u=()=>c,w=()=>p;function m(t){return a(),e.add(t),()=>{e.delete(t)}}var b=({scopes:t},n)=>n.split(" ").every(o=>Object.hasOwn(t,o));export{a,u as b,w as c,m as d,b as e};
>>>>>>>> 6ed119d (bar: a development bar says what a site's policy lacks, on loopback alone):sdk/js/built/shared-MZJJMA7C.js
