import{b as a}from"./shared-BAPZFY5O.js";export{a as init};
