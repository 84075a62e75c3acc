import{h as a}from"./shared-T6ABAXLM.js";export{a as init};
