import{g as a}from"./shared-63KPYBUU.js";export{a as init};
