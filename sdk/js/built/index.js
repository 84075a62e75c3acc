import{h as a}from"./shared-RYMCBLLV.js";export{a as init};
