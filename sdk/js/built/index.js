import{g as a}from"./shared-QTP45ZCI.js";export{a as init};
