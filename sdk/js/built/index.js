import{b as a}from"./shared-ZLX5MNGP.js";export{a as init};
