import{b as a}from"./shared-Q3P3YZOM.js";export{a as init};
