import{g as a}from"./shared-33YIJQJ3.js";export{a as init};
