import{b as a}from"./shared-MYWJEDKO.js";export{a as init};
