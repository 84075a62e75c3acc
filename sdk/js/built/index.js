import{g as a}from"./shared-H5N5ZNDX.js";export{a as init};
