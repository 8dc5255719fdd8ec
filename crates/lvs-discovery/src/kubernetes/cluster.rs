//! All Services and slices that a feed has told of, and how documents change them.
//!
//! A document may have tens of megabytes. Its objects are looked at one by one where they stand in its text, and what is kept of them is
//! little.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::object::{Metadata, Service, Slice};
use crate::spec::ObjectName;

#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    #[error("it is no object of Kubernetes: {0}")]
    Json(#[from] serde_json::Error),
    #[error("{kind} {name} is not as it should be: {source} of it")]
    Bad { kind: String, name: String, source: serde_json::Error },
    #[error("it has no kind: give it what `kubectl get services,endpointslices -o json` prints")]
    NoKind,
    #[error("the server of Kubernetes says: {0}")]
    Status(String),
    #[error("there is no document in it")]
    Nothing,
}

/// Objects of a cluster, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    pub(super) services: BTreeMap<ObjectName, Arc<Service>>,
    pub(super) slices: BTreeMap<ObjectName, Arc<Slice>>,
}

/// Kind of a document that was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// One object, or one that is gone.
    Object,
    /// All objects.
    List,
}

/// One object, as far as it means something here.
enum Object {
    Service(ObjectName, Arc<Service>),
    Slice(ObjectName, Arc<Slice>),
    Other,
}

/// A document of the output of kubectl, with the texts of objects in it.
#[derive(Deserialize)]
struct Written<'a> {
    #[serde(default)]
    kind: Option<String>,
    #[serde(default, borrow)]
    items: Option<Vec<&'a RawValue>>,
    /// Of an event of `--output-watch-events`.
    #[serde(default, rename = "type")]
    event: Option<String>,
    #[serde(default, borrow)]
    object: Option<&'a RawValue>,
    #[serde(default)]
    message: Option<String>,
}

/// Kind of an object, and the text of its metadata.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(default)]
    kind: Option<String>,
    #[serde(default, borrow)]
    metadata: Option<&'a RawValue>,
}

/// An object that is gone.
#[derive(Deserialize)]
struct Gone {
    #[serde(default)]
    kind: Option<String>,
    metadata: Metadata,
}

impl Cluster {
    /// All documents of a file, one behind the other.
    ///
    /// # Errors
    /// A document is wrong, or there is none.
    pub fn of_file(text: &[u8]) -> Result<Self, ObjectError> {
        let mut cluster = Self::default();
        let mut is_empty = true;
        for document in serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>() {
            cluster.apply(document?.get())?;
            is_empty = false;
        }
        if is_empty { Err(ObjectError::Nothing) } else { Ok(cluster) }
    }

    /// Objects of several files; of two of the same name the later one counts.
    #[must_use]
    pub fn join<'a>(clusters: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut all = Self::default();
        for cluster in clusters {
            all.services.extend(cluster.services.iter().map(|(name, one)| (name.clone(), Arc::clone(one))));
            all.slices.extend(cluster.slices.iter().map(|(name, one)| (name.clone(), Arc::clone(one))));
        }
        all
    }

    /// Takes a document in.
    ///
    /// # Errors
    /// The document is wrong, and changes nothing.
    pub fn take(&mut self, text: &[u8]) -> Result<Document, ObjectError> {
        self.apply(serde_json::from_slice::<&RawValue>(text)?.get())
    }

    fn apply(&mut self, text: &str) -> Result<Document, ObjectError> {
        let document: Written<'_> = serde_json::from_str(text)?;
        let kind = document.kind.as_deref().unwrap_or_default();
        match (document.event.as_deref(), document.object) {
            (Some("DELETED"), Some(object)) => self.remove(object.get())?,
            (Some("BOOKMARK"), Some(_)) => {}
            (Some("ERROR"), object) => {
                let status = object.and_then(|status| serde_json::from_str::<Written<'_>>(status.get()).ok());
                let message = status.and_then(|status| status.message);
                return Err(ObjectError::Status(message.unwrap_or_else(|| "it ends the stream".to_owned())));
            }
            (Some(_), Some(object)) if kind.is_empty() => self.put(read(object.get(), None)?),
            _ if kind == "Status" => {
                return Err(ObjectError::Status(document.message.unwrap_or_else(|| "no".to_owned())));
            }
            _ if kind.is_empty() => return Err(ObjectError::NoKind),
            _ => match document.items {
                Some(items) if kind.ends_with("List") => {
                    self.replace(kind, &items)?;
                    return Ok(Document::List);
                }
                _ => self.put(read(text, None)?),
            },
        }
        Ok(Document::Object)
    }

    /// A list is all that there is of the kinds that are in it.
    fn replace(&mut self, kind: &str, items: &[&RawValue]) -> Result<(), ObjectError> {
        // Items of a typed list may leave out what they are.
        let of_kind = kind.strip_suffix("List").filter(|kind| !kind.is_empty());
        let objects = items.iter().map(|item| read(item.get(), of_kind)).collect::<Result<Vec<_>, _>>()?;
        let is_all = objects.is_empty() && of_kind.is_none();
        let is_of = |name: &str| of_kind == Some(name);
        let has_services = objects.iter().any(|object| matches!(object, Object::Service(..)));
        let has_slices = objects.iter().any(|object| matches!(object, Object::Slice(..)));
        if is_all || is_of("Service") || has_services {
            self.services.clear();
        }
        if is_all || is_of("EndpointSlice") || has_slices {
            self.slices.clear();
        }
        objects.into_iter().for_each(|object| self.put(object));
        Ok(())
    }

    fn put(&mut self, object: Object) {
        match object {
            Object::Service(name, service) => drop(self.services.insert(name, service)),
            Object::Slice(name, slice) => drop(self.slices.insert(name, slice)),
            Object::Other => {}
        }
    }

    fn remove(&mut self, object: &str) -> Result<(), ObjectError> {
        let Gone { kind, metadata } = serde_json::from_str(object)?;
        let name = name_of(&metadata);
        match kind.as_deref() {
            Some("Service") => drop(self.services.remove(&name)),
            Some("EndpointSlice") => drop(self.slices.remove(&name)),
            _ => {}
        }
        Ok(())
    }

    /// The slices of a Service.
    pub(super) fn slices_of<'a>(&'a self, service: &'a ObjectName) -> impl Iterator<Item = &'a Slice> {
        let is_its = |name: &ObjectName, slice: &Slice| {
            name.namespace == service.namespace
                && slice.metadata.labels.service_name.as_ref() == Some(&service.name)
        };
        self.slices.iter().filter(move |(name, slice)| is_its(name, slice)).map(|(_, slice)| &**slice)
    }
}

fn name_of(metadata: &Metadata) -> ObjectName {
    let namespace = if metadata.namespace.is_empty() { "default" } else { &metadata.namespace };
    ObjectName::new(namespace, &metadata.name)
}

/// Reads an object. `usual`: what it is if it does not say.
fn read(text: &str, usual: Option<&str>) -> Result<Object, ObjectError> {
    let Head { kind, metadata } = serde_json::from_str(text)?;
    let kind = kind.as_deref().or(usual).unwrap_or_default();
    let bad = |source| {
        let metadata = metadata.and_then(|text| serde_json::from_str::<Metadata>(text.get()).ok());
        let name = metadata.unwrap_or_default().name;
        ObjectError::Bad { kind: kind.to_owned(), name, source }
    };
    match kind {
        "Service" => {
            let service: Service = serde_json::from_str(text).map_err(bad)?;
            Ok(Object::Service(name_of(&service.metadata), service.into()))
        }
        "EndpointSlice" => {
            let slice: Slice = serde_json::from_str(text).map_err(bad)?;
            Ok(Object::Slice(name_of(&slice.metadata), slice.into()))
        }
        "" => Err(ObjectError::NoKind),
        _ => Ok(Object::Other),
    }
}
