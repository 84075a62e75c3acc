import{h as a}from"./shared-BPUPTO56.js";export{a as init};
