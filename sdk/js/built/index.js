import{h as a}from"./shared-NZ67JYCJ.js";export{a as init};
