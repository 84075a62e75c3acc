import{h as a}from"./shared-CDY2UV4I.js";export{a as init};
