//! The module's pure model, for fuzz targets: `make fuzz`. A target that finds something leaves the input in `artifacts/`.

#[allow(dead_code)]
#[path = "../../module/history.rs"]
pub mod history;
#[allow(dead_code, unused_imports)]
#[path = "../../../src/model/mod.rs"]
pub mod model;
#[path = "../../soak/shown.rs"]
pub mod shown;
