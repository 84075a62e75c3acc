import{g as a}from"./shared-WVYPHBFU.js";export{a as init};
