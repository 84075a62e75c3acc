import{b as a}from"./shared-7QYMLJQR.js";export{a as init};
