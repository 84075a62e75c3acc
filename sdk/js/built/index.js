import{g as a}from"./shared-MBON7AEM.js";export{a as init};
