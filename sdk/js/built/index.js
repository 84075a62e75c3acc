import{b as a}from"./shared-VDXLJPSL.js";export{a as init};
