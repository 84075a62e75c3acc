<<<<<<<< HEAD:sdk/js/built/shared-WRRWMTTR.js
import{a as i,b as s}from"./shared-63PT7SLR.js";var e=new Set,p=i(),c=p,r=!1;function a(t){let n=s(t);return globalThis.document&&!r&&(r=!0,n.on("change",o=>{c=o;for(let l of e)l()})),n}var u=()=>c,w=()=>p;function m(t){return a(),e.add(t),()=>{e.delete(t)}}var b=({scopes:t},n)=>n.split(" ").every(o=>Object.hasOwn(t,o));export{a,u as b,w as c,m as d,b as e};
========
import{a as i,b as s}from"./shared-EZ7O6MD4.js";var e=new Set,p=i(),c=p,r=!1;function a(t){let n=s(t);return globalThis.document&&!r&&(r=!0,n.on("change",o=>{c=o;for(let l of e)l()})),n}var u=()=>c,w=()=>p;function m(t){return a(),e.add(t),()=>{e.delete(t)}}var b=({scopes:t},n)=>n.split(" ").every(o=>Object.hasOwn(t,o));export{a,u as b,w as c,m as d,b as e};
>>>>>>>> aa38f2e (notice: looked at in every state, and kept to be compared with):sdk/js/built/shared-DFLHV5LN.js
