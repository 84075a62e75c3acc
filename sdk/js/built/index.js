import{h as a}from"./shared-EAJ3T35R.js";export{a as init};
