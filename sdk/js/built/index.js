import{g as a}from"./shared-KGXHDF3H.js";export{a as init};
