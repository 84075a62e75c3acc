import{g as a}from"./shared-SCJW7WWO.js";export{a as init};
