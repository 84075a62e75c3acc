import{g as a}from"./shared-VADYHT5F.js";export{a as init};
