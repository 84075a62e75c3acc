import{g as a}from"./shared-MYEGT3XS.js";export{a as init};
