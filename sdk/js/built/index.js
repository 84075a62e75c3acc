import{g as a}from"./shared-CTRPH4OA.js";export{a as init};
