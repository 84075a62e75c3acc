<<<<<<< HEAD
import{a as t,b as r,c as s,d as n,e as a}from"./shared-NZDK2QWG.js";import"./shared-YHQ2YQ5R.js";import{readable as i}from"svelte/store";var l=i(s(),o=>{if(!globalThis.document)return;let e=n(()=>o(r()));return queueMicrotask(()=>o(r())),e}),b=t,d=(o,e)=>t().track(o,e),m=()=>t().show();export{a as allows,l as consent,m as show,b as start,d as track};
=======
import{a as t,b as r,c as s,d as n,e as a}from"./shared-A6E2FH64.js";import"./shared-EAWRLDAW.js";import{readable as i}from"svelte/store";var l=i(s(),o=>{if(!globalThis.document)return;let e=n(()=>o(r()));return queueMicrotask(()=>o(r())),e}),b=t,d=(o,e)=>t().track(o,e),m=()=>t().show();export{a as allows,l as consent,m as show,b as start,d as track};
>>>>>>> 40474df (script: frames, images, video and templates wait for a purpose)
