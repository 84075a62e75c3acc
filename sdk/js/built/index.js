import{g as a}from"./shared-WP4LLXQF.js";export{a as init};
