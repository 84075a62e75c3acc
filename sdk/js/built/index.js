import{g as a}from"./shared-4QYKRYLK.js";export{a as init};
