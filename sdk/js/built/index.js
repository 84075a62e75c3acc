import{g as a}from"./shared-4W35J6Y2.js";export{a as init};
