import{g as a}from"./shared-TLXLPGYZ.js";export{a as init};
