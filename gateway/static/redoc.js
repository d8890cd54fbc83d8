Redoc.init("/api/v1/schema/", { disableGoogleFont: true }, document.getElementById("redoc"));
