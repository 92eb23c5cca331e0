// Shows the live API: the document comes from the same address as this page, and so do the calls.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "none",
  filter: true,
  persistAuthorization: true,
  // The badge would ask another host.
  validatorUrl: null,
});
