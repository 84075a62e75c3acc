import{g as a}from"./shared-VIH5M4U5.js";export{a as init};
