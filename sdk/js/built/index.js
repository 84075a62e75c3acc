import{g as a}from"./shared-3UK5ODVQ.js";export{a as init};
