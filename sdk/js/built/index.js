import{g as a}from"./shared-W65APNYS.js";export{a as init};
