import{g as a}from"./shared-HS2FGEMB.js";export{a as init};
