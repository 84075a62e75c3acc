import{g as a}from"./shared-6WXDVLI6.js";export{a as init};
