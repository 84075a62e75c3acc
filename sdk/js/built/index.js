import{b as a}from"./shared-E3KMBFNC.js";export{a as init};
