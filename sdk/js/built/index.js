import{b as a}from"./shared-YHQ2YQ5R.js";export{a as init};
