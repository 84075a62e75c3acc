import{b as a}from"./shared-VP5GC7CL.js";export{a as init};
