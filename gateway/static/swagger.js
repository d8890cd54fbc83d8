SwaggerUIBundle({
  url: "/api/v1/schema/",
  dom_id: "#swagger",
  deepLinking: true,
  validatorUrl: null,
});
