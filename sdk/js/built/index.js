import{h as a}from"./shared-NCQA6SEA.js";export{a as init};
