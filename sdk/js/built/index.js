import{b as a}from"./shared-EZ7O6MD4.js";export{a as init};
