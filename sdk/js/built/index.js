import{g as a}from"./shared-SA4LX7MZ.js";export{a as init};
