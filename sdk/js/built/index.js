import{b as a}from"./shared-L73OPPQF.js";export{a as init};
