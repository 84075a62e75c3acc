import{b as a}from"./shared-CKO6SWRK.js";export{a as init};
