var n=(r=[])=>typeof r=="string"?r.split(" ").filter(Boolean):r;export{n as a};
