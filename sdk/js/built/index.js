import{b as a}from"./shared-J3BE7K54.js";export{a as init};
